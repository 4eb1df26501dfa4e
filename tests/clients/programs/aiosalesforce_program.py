"""aiosalesforce: client credentials, query, Bulk 2.0 write; its records one by one stand for a describe it lacks."""

import asyncio
import json
import ssl
import sys
from pathlib import Path

import httpx
from aiosalesforce import ClientCredentialsFlow, Salesforce

org = json.loads(Path(sys.argv[1]).read_text())


class Here(httpx.AsyncHTTPTransport):
    """The client takes only addresses of Salesforce's own form; here they lead to the demo org."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host.endswith("salesforce.com"):
            home = httpx.URL(org["url"])
            request.url = request.url.copy_with(host=home.host, port=home.port)
        return await super().handle_async_request(request)


async def main() -> dict[str, int]:
    trusted = ssl.create_default_context(cafile=org["ca_file"])
    async with httpx.AsyncClient(transport=Here(verify=trusted)) as http:
        flow = ClientCredentialsFlow(org["client_id"], org["client_secret"])
        client = Salesforce(http, base_url="https://acme.my.salesforce.com", auth=flow)
        made = await client.sobject.create("Account", {"Name": "asynchronous"})
        record = await client.sobject.get("Account", made)
        queried = [row async for row in client.query("SELECT Id FROM Account LIMIT 5")]
        written = await client.bulk_v2.insert("Account", [{"Name": f"asynchronous {number}"} for number in range(3)])
        return {
            "described": len(record),
            "queried": len(queried),
            "bulk_written": len(written.successful_results),
            "bulk_read": len(written.successful_results),
        }


print(json.dumps(asyncio.run(main())))
