"""The org's private certificate authority, and the certificate it serves HTTPS with."""

import ssl
from pathlib import Path

import trustme

from toolkit.demo_org.database import Database

NAMES = ("127.0.0.1", "localhost", "::1")


def server_context(database: Database, ca_file: Path) -> ssl.SSLContext:
    """Return a TLS context for loopback and write the CA's certificate, which clients are to trust, to `ca_file`.

    The CA is kept with the database, so that clients of an org with a file need not trust anew after a restart.
    """
    certificate, key = database.fact("ca_certificate"), database.fact("ca_key")
    if certificate is not None and key is not None:
        authority = trustme.CA.from_pem(certificate.encode(), key.encode())
    else:
        authority = trustme.CA(organization_name="cs-toolkit demo org")
        database.keep_fact("ca_certificate", authority.cert_pem.bytes().decode())
        database.keep_fact("ca_key", authority.private_key_pem.bytes().decode())
    ca_file.write_bytes(authority.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*NAMES).configure_cert(context)
    return context
