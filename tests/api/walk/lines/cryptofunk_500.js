const ws = new WebSocket('ws://localhost:8080/api/v1/ws');
ws.onopen = () => {
console.log('Connected to CryptoFunk WebSocket');
};
ws.onmessage = (event) => {
const message = JSON.parse(event.data);
console.log('Received:', message);
};
ws.onerror = (error) => {
console.error('WebSocket error:', error);
};
ws.onclose = () => {
console.log('Disconnected from WebSocket');
};
