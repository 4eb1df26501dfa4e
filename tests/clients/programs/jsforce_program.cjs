// jsforce: client credentials, describe, query, Bulk 2.0 read and write.
const fs = require("fs");
const { createRequire } = require("module");
const loaded = createRequire(process.cwd() + "/")("jsforce");
const jsforce = loaded.default && loaded.default.Connection ? loaded.default : loaded;

const org = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));

async function main() {
  const client = new jsforce.Connection({
    instanceUrl: org.url,
    version: "60.0",
    oauth2: { loginUrl: org.url, clientId: org.client_id, clientSecret: org.client_secret },
  });
  await client.authorize({ grant_type: "client_credentials" });
  const described = (await client.sobject("Account").describe()).fields.length;
  const queried = (await client.query("SELECT Id, Owner.Name FROM Account LIMIT 5")).totalSize;
  const polling = { pollInterval: 100, pollTimeout: 30000 };
  const rows = [0, 1, 2].map((number) => ({ Name: `jsforce ${number}` }));
  const written = await client.bulk2.loadAndWaitForResults({ object: "Account", operation: "insert", input: rows, ...polling });
  const read = await (await client.bulk2.query("SELECT Id, Name FROM Account", polling)).toArray();
  console.log(JSON.stringify({ described, queried, bulk_written: written.successfulResults.length, bulk_read: read.length }));
}

main().catch((error) => { console.error(error); process.exit(1); });
