"""OpenID Connect's id tokens: who logged in, signed with a key of the org that anybody may fetch."""

import base64
import time

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.wire import Answer, Call

KEY_ID = "1"
KEY_BITS = 2_048
LIFETIME_SECONDS = 120


def id_token(org: OrgState, client_id: str, user_id: str, nonce: str | None) -> str:
    """Return a signed statement of who logged in to which app."""
    now = int(time.time())
    claims: dict[str, object] = {
        "iss": org.url,
        "sub": f"{org.url}/id/{org.org_id}/{user_id}",
        "aud": client_id,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
    }
    if nonce is not None:
        claims["nonce"] = nonce
    signed = f"{_part({'kid': KEY_ID, 'typ': 'JWT', 'alg': 'RS256'})}.{_part(claims)}"
    return f"{signed}.{_text(_key(org).sign(signed.encode(), PKCS1v15(), SHA256()))}"


def keys(org: OrgState, _call: Call) -> Answer:
    """GET /id/keys: the public half of the org's signing key."""
    numbers = _key(org).public_key().public_numbers()
    parts = {name: _text(_bytes(number)) for name, number in (("n", numbers.n), ("e", numbers.e))}
    return Answer(200, {"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID, **parts}]})


def _key(org: OrgState) -> RSAPrivateKey:
    kept = org.database.fact("id_token_key")
    if kept is not None:
        key = load_pem_private_key(kept.encode(), None)
        if isinstance(key, RSAPrivateKey):
            return key
    made = generate_private_key(65_537, KEY_BITS)
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    org.database.keep_fact("id_token_key", pem.decode())
    return made


def _part(value: dict[str, object]) -> str:
    return _text(msgspec.json.encode(value))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
