"""The managed-identity endpoint of App Service (2019-08-01), enough for azure-identity and MSAL.

    IDENTITY_HEADER=<secret> python -m local.identity --port N [--client-id GUID] [--audience A] [--lifetime S]

It answers `GET /msi/token?resource=R&api-version=2019-08-01&client_id=GUID` as the platform does: only with the
header's secret, and only for an identity that the app has. Its tokens are signed with a throw-away key: Azurite
checks audience, issuer and times, neither signature nor roles. This proves that a token for the right audience is
requested and sent, not that the identity has a role.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import secrets
import time
import uuid
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TENANT = "00000000-0000-0000-0000-000000000001"
STORAGE = "https://storage.azure.com"
VERSION = "2019-08-01"

_SIGNING_KEY = secrets.token_bytes(32)


def mint(audience: str = STORAGE, *, lifetime: float = 3600, client_id: str = "system") -> tuple[str, int]:
    """Return a token like Entra's, and its expiry in seconds since 1970.

    Args:
        audience: the `aud` claim; Azurite requires `https://storage.azure.com`.
        lifetime: seconds from now; negative: an expired token.
        client_id: the identity's.

    """
    now = int(time.time())
    expires = int(now + lifetime)
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "iat": min(now, expires) - 60,
        "nbf": min(now, expires) - 60,
        "exp": expires,
        "tid": TENANT,
        "oid": str(uuid.uuid5(uuid.NAMESPACE_OID, client_id)),
        "appid": client_id,
        "idtyp": "app",
        "ver": "1.0",
    }
    signed = f"{_encoded({'typ': 'JWT', 'alg': 'HS256'})}.{_encoded(claims)}"
    signature = hmac.new(_SIGNING_KEY, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64url(signature)}", expires


def _encoded(part: dict[str, object] | dict[str, str]) -> str:
    return _base64url(json.dumps(part).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Identity:
    """The endpoint's settings; `audience` replaces the requested one."""

    secret: str
    client_id: str | None = None
    audience: str | None = None
    lifetime: float = 3600

    def answer(self, target: str, header: str | None) -> tuple[int, dict[str, object]]:
        """Return status and body for a GET of this path and query with this X-IDENTITY-HEADER."""
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/healthz":
            return 200, {}
        if url.path != "/msi/token":
            return _error(404, "no such path")
        if not hmac.compare_digest(header or "", self.secret):
            return _error(401, "X-IDENTITY-HEADER is absent or wrong")
        if query.get("api-version") != VERSION or "resource" not in query:
            return _error(400, f"api-version={VERSION} and resource are needed")
        client_id = query.get("client_id", "system")
        if self.client_id is not None and client_id != self.client_id:
            return _error(400, "No User Assigned or Delegated Managed Identity found for specified ClientId")
        token, expires = mint(self.audience or query["resource"], lifetime=self.lifetime, client_id=client_id)
        body = {"access_token": token, "expires_on": str(expires), "resource": query["resource"]}
        return 200, {**body, "token_type": "Bearer", "client_id": client_id}


def _error(status: int, message: str) -> tuple[int, dict[str, object]]:
    return status, {"statusCode": status, "message": message}


def server(port: int, identity: Identity) -> ThreadingHTTPServer:
    """Return a server that is bound on 127.0.0.1 but not yet serving."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = identity.answer(self.path, self.headers.get("X-IDENTITY-HEADER"))
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m local.identity", description="A managed-identity endpoint.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--client-id", help="the only identity there is; without it any is known")
    parser.add_argument("--audience", help="the audience of all tokens, instead of the one asked for")
    parser.add_argument("--lifetime", type=float, default=3600, help="seconds; negative: tokens that have expired")
    options = parser.parse_args()
    identity = Identity(os.environ["IDENTITY_HEADER"], options.client_id, options.audience, options.lifetime)
    server(options.port, identity).serve_forever()


if __name__ == "__main__":
    main()
