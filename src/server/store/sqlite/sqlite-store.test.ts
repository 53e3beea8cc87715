import { afterAll } from "bun:test";
import { storeContract } from "../store-contract.ts";
import { SqliteFixture } from "./sqlite-fixture.ts";

const fixtures: SqliteFixture[] = [];
afterAll(() => {
  for (const fixture of fixtures) fixture[Symbol.dispose]();
});

storeContract("sqlite store", async () => {
  const fixture = new SqliteFixture();
  fixtures.push(fixture);
  return fixture.open();
});
