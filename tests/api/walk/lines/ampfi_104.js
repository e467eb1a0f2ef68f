try { const response = await fetch( 'https://rose.ampfi.app/api/v1/public/strategy/BTCUSDT', { headers: { 'Authorization': 'Bearer YOUR_BEARER_TOKEN' } } ); if (!response.ok) { const error = await response.json(); if (response.status === 401) { console.error('Invalid token:', error); // Handle token refresh or re-authentication
 } else if (response.status === 403) { console.error('Expert plan required:', error); // Redirect to pricing page
 } else if (response.status === 404) { console.error('Symbol not found:', error); // Handle symbol not available
 } else { console.error('API error:', error); } return; } const data = await response.json(); console.log('Strategy data:', data);} catch (error) { console.error('Network error:', error);}
