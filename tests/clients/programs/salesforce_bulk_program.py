"""salesforce-bulk: Bulk API 1.0, both ways, with the token of a session."""

import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import requests
from salesforce_bulk import CsvDictsAdapter, SalesforceBulk

org = json.loads(Path(sys.argv[1]).read_text())
form = {"grant_type": "client_credentials", "client_id": org["client_id"], "client_secret": org["client_secret"]}
granted = requests.post(f"{org['url']}/services/oauth2/token", data=form, verify=org["ca_file"], timeout=30).json()
client = SalesforceBulk(sessionId=granted["access_token"], host=urlsplit(org["url"]).netloc)

reading = client.create_query_job("Account", contentType="CSV")
batch = client.query(reading, "SELECT Id, Name FROM Account")
client.close_job(reading)
client.wait_for_batch(reading, batch, sleep_interval=0.2)
lines = [line for result in client.get_all_results_for_query_batch(batch, reading) for line in result]

writing = client.create_insert_job("Account", contentType="CSV")
batch = client.post_batch(writing, CsvDictsAdapter(iter([{"Name": f"bulk {number}"} for number in range(3)])))
client.wait_for_batch(writing, batch, sleep_interval=0.2)
client.close_job(writing)
results = client.get_batch_results(batch, writing)
told = {
    "described": len(client.job_status(reading)),
    "queried": len(lines) - 1,
    "bulk_written": sum(result.success == "true" for result in results),
    "bulk_read": len(lines) - 1,
}
print(json.dumps(told))
