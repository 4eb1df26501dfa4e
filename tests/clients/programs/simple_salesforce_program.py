"""simple-salesforce: token login, describe, query, Bulk 2.0 read and write."""

import json
import sys
from pathlib import Path

import requests
from simple_salesforce import Salesforce

org = json.loads(Path(sys.argv[1]).read_text())
form = {"grant_type": "client_credentials", "client_id": org["client_id"], "client_secret": org["client_secret"]}
granted = requests.post(f"{org['url']}/services/oauth2/token", data=form, verify=org["ca_file"], timeout=30).json()
session = requests.Session()
session.trust_env = False
session.verify = org["ca_file"]
client = Salesforce(instance_url=org["url"], session_id=granted["access_token"], session=session)
written = client.bulk2.Account.insert(records=[{"Name": f"simple {number}"} for number in range(3)])
pages = client.bulk2.Account.query("SELECT Id, Name FROM Account")
told = {
    "described": len(client.Account.describe()["fields"]),
    "queried": client.query("SELECT Id, Owner.Name FROM Account LIMIT 5")["totalSize"],
    "bulk_written": sum(job["numberRecordsProcessed"] - job["numberRecordsFailed"] for job in written),
    "bulk_read": sum(page.count("\n") - 1 for page in pages),
}
print(json.dumps(told))
