"""Makes a certificate for 127.0.0.1, and a file of authorities that trusts it and the real ones."""

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files in PEM: the certificate, its key, and `ca`: certifi's bundle with the certificate added."""

    certificate: Path
    key: Path
    ca: Path


def make(folder: Path, *names: str) -> Certificate:
    """Write a new self-signed certificate, valid for 30 days, and its key (mode 0600) into a folder.

    It is valid for 127.0.0.1, localhost and `names`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = Certificate(folder / "cert.pem", folder / "key.pem", folder / "ca.pem")
    key = ec.generate_private_key(ec.SECP256R1())  # in a millisecond, where RSA takes up to a second
    pem = _self_signed(key, names).public_bytes(serialization.Encoding.PEM)
    files.certificate.write_bytes(pem)
    files.ca.write_bytes(Path(certifi.where()).read_bytes() + b"\n# local stand-in\n" + pem)
    form = serialization.PrivateFormat.PKCS8
    files.key.touch(mode=0o600)
    files.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return files


def _self_signed(key: ec.EllipticCurvePrivateKey, names: tuple[str, ...]) -> x509.Certificate:
    # Python 3.13 verifies strictly (RFC 5280): a self-signed certificate has both key identifiers, and its usage.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "image-describer local stand-in")])
    now = dt.datetime.now(dt.UTC)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    hosts = [
        *(x509.DNSName(host) for host in ("localhost", *names)),
        x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")),
    ]
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(key, hashes.SHA256())
    )
