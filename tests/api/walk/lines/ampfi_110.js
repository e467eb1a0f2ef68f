async function getStrategyWithPrice(symbol, currentPrice) { const url = new URL( `https://rose.ampfi.app/api/v1/public/strategy/${symbol}` ); url.searchParams.append('currentPrice', currentPrice.toString()); const response = await fetch(url, { headers: { 'Authorization': `Bearer ${process.env.AMPFI_API_TOKEN}` } }); return await response.json();}
// Usage with real-time price
const currentPrice = 45000.50; // From your price feed
const strategy = await getStrategyWithPrice('BTCUSDT', currentPrice);
