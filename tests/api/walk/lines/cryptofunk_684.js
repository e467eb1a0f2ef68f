// 1. Start trading session
const startResponse = await fetch('http://localhost:8080/api/v1/trade/start', {
method: 'POST',
headers: { 'Content-Type': 'application/json' },
body: JSON.stringify({
symbol: 'BTC/USDT',
initial_capital: 10000.00,
mode: 'PAPER'
})
});
const { session_id } = await startResponse.json();
console.log('Trading started, session:', session_id);
// 2. Connect to WebSocket for real-time updates
const ws = new WebSocket('ws://localhost:8080/api/v1/ws');
ws.onmessage = (event) => {
const message = JSON.parse(event.data);
switch (message.type) {
case 'order_update':
console.log('Order update:', message.data);
break;
case 'position_update':
console.log('Position update:', message.data);
updatePositionUI(message.data);
break;
case 'agent_status':
console.log('Agent status:', message.data);
break;
}
};
// 3. Query positions periodically
setInterval(async () => {
const positions = await fetch(`http://localhost:8080/api/v1/positions?session_id=${session_id}`);
const data = await positions.json();
console.log('Current positions:', data.positions);
}, 5000);
