// Get recent decisions
const decisionsResponse = await fetch('http://localhost:8080/api/v1/decisions?limit=10');
const { decisions } = await decisionsResponse.json();
// View reasoning for each decision
decisions.forEach(decision => {
console.log(`\nDecision: ${decision.decision} (confidence: ${decision.confidence})`);
console.log(`Reasoning: ${decision.reasoning}`);
console.log(`Outcome: ${decision.outcome}, P&L: $${decision.actual_pnl}`);
});
// Find similar past decisions
const similarResponse = await fetch(`http://localhost:8080/api/v1/decisions/${decisions[0].id}/similar?limit=5`);
const { similar } = await similarResponse.json();
console.log('\nSimilar past decisions:');
similar.forEach(s => {
console.log(`- ${s.decision} (similarity: ${s.similarity}, outcome: ${s.outcome})`);
});
