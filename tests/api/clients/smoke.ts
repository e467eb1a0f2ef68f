// Compiled strictly against the generated types, then run: one real call with and one without a credential.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

declare const process: { argv: string[]; exitCode: number };

const [address, key] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: `http://${address}`, headers: { "X-API-Key": key ?? "" } });

const { data, error } = await client.GET("/api/v1/orders", { params: { query: { limit: 1, status: "FILLED" } } });
if (error !== undefined || data === undefined) throw new Error(JSON.stringify(error));
const order: components["schemas"]["Order"] | undefined = data.orders[0];
const side: "BUY" | "SELL" | undefined = order?.side;

const refused = await client.GET("/api/v1/orders/{id}", { params: { path: { id: "no-id" } } });
const field: string | undefined = refused.error?.field;
console.log(JSON.stringify({ count: data.count, side, field, status: refused.response.status }));
