async function getStrategy(symbol) { const response = await fetch( `https://rose.ampfi.app/api/v1/public/strategy/${symbol}`, { headers: { 'Authorization': `Bearer ${process.env.AMPFI_API_TOKEN}` } } ); if (!response.ok) { throw new Error(`API error: ${response.status}`); } return await response.json();}
// Usage
const strategy = await getStrategy('BTCUSDT');console.log('Signal:', strategy.strategy.signal);console.log('Confidence:', strategy.strategy.confidence);
