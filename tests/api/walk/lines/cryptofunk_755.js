const configResponse = await fetch('http://localhost:8080/api/v1/config', {
method: 'PATCH',
headers: { 'Content-Type': 'application/json' },
body: JSON.stringify({
max_position_size: 0.15,
default_stop_loss: 0.03,
default_take_profit: 0.06,
min_confidence: 0.75
})
});
const { updates } = await configResponse.json();
console.log('Configuration updated:', updates);
