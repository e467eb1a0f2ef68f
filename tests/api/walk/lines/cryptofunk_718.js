const orderResponse = await fetch('http://localhost:8080/api/v1/orders', {
method: 'POST',
headers: { 'Content-Type': 'application/json' },
body: JSON.stringify({
symbol: 'BTC/USDT',
side: 'BUY',
type: 'LIMIT',
quantity: 0.1,
price: 41500.00
})
});
const { order } = await orderResponse.json();
console.log('Order placed:', order.id);
// Listen for order fill on WebSocket
ws.onmessage = (event) => {
const message = JSON.parse(event.data);
if (message.type === 'order_update' && message.data.order_id === order.id) {
console.log('Order status:', message.data.status);
if (message.data.status === 'FILLED') {
console.log('Order filled at:', message.data.filled_at);
}
}
};
