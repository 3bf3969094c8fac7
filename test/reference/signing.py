"""Signs and verifies models as sigstore's model signing 1.0 does, written anew from its description, to check src/registry/signing*.ts.

    python3 test/reference/signing.py make     writes test/reference/signing.json: keys, files and bundles signed here
    node test/registry/fixtures/sign-for-python.ts    writes test/reference/signing-ours.json: bundles signed by us
    python3 test/reference/signing.py verify   verifies those; exits with 1 when one does not hold

Needs the package `cryptography` (42 or newer, for deterministic ECDSA). Keys are made from fixed numbers: they are for tests only.
"""

import base64
import hashlib
import json
import pathlib
import sys

import cryptography
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

HERE = pathlib.Path(__file__).parent
PAYLOAD_TYPE = "application/vnd.in-toto+json"
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
CURVES = {"P-256": (ec.SECP256R1(), hashes.SHA256()), "P-384": (ec.SECP384R1(), hashes.SHA384()), "P-521": (ec.SECP521R1(), hashes.SHA512())}
# Paths whose order differs by part, by code unit and by code point.
FILES = {
    "model.onnx": b"model",
    "model-1/weights.bin": b"w" * 1000,
    "model/weights.bin": b"",
    "model": b"a file may not be a folder, but a path may be anything",
    "\uff5e.txt": b"full width",
    "\U0001f600.txt": b"astral",
}


def private_key(curve):
    if curve == "Ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"modelwright test key").digest())
    number = int.from_bytes(hashlib.sha512(f"modelwright test key {curve}".encode()).digest()[:31], "big")
    return ec.derive_private_key(number, CURVES[curve][0])


def public_pem(key):
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def pae(payload):
    return b" ".join([b"DSSEv1", str(len(PAYLOAD_TYPE)).encode(), PAYLOAD_TYPE.encode(), str(len(payload)).encode(), payload])


def statement(name, files):
    """`files` maps a path to its content. A folder's walk gives POSIX paths, which Python compares part by part."""
    digests = {pathlib.PurePosixPath(path): hashlib.sha256(content) for path, content in files.items()}
    root = hashlib.sha256()
    resources = []
    for path, digest in sorted(digests.items(), key=lambda item: item[0]):
        root.update(digest.digest())
        resources.append({"algorithm": "sha256", "digest": digest.hexdigest(), "name": str(path)})
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": root.hexdigest()}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "resources": resources,
            "serialization": {"allow_symlinks": False, "hash_type": "sha256", "ignore_paths": ["model.sig", ".git"], "method": "files"},
        },
    }


def sign(key, curve, payload):
    if curve == "Ed25519":
        return key.sign(pae(payload))
    return key.sign(pae(payload), ec.ECDSA(CURVES[curve][1], deterministic_signing=True))


def make():
    cases = []
    for curve in [*CURVES, "Ed25519"]:
        key = private_key(curve)
        pem = public_pem(key.public_key())
        payload = json.dumps(statement("fraud", FILES), indent=2).encode()
        encoded = base64.b64encode(payload).decode()
        signature = base64.b64encode(sign(key, curve, payload)).decode()
        cases.append({
            "curve": curve,
            "privateKey": key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode(),
            "publicKey": pem.decode(),
            "hint": hashlib.sha256(pem).hexdigest(),
            "bundle": {
                "mediaType": MEDIA_TYPE,
                "verificationMaterial": {"publicKey": {"hint": hashlib.sha256(pem).hexdigest()}, "tlogEntries": []},
                "dsseEnvelope": {"payload": encoded, "payloadType": PAYLOAD_TYPE, "signatures": [{"sig": signature, "keyid": ""}]},
            },
        })
    made = {
        "about": f"written by test/reference/signing.py with cryptography {cryptography.__version__}; the keys are for tests only",
        "files": [{"path": path, "digest": "sha256:" + hashlib.sha256(content).hexdigest(), "content": base64.b64encode(content).decode()} for path, content in FILES.items()],
        "cases": cases,
    }
    (HERE / "signing.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def verify_bundle(bundle, key, curve, files):
    """What `model_signing verify key` does: hint, signature, statement, root digest, then the files. Raises when something is wrong."""
    if bundle["mediaType"] != MEDIA_TYPE:
        raise ValueError("media type")
    if bundle["verificationMaterial"]["publicKey"]["hint"] != hashlib.sha256(public_pem(key)).hexdigest():
        raise ValueError("hint")
    envelope = bundle["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"], validate=True)
    signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
    if curve == "Ed25519":
        key.verify(signature, pae(payload))
    else:
        key.verify(signature, pae(payload), ec.ECDSA(CURVES[curve][1]))
    if envelope["payloadType"] != PAYLOAD_TYPE:
        raise ValueError("payload type")
    read = json.loads(payload)
    if read["_type"] != "https://in-toto.io/Statement/v1" or read["predicateType"] != "https://model_signing/signature/v1.0":
        raise ValueError("statement type")
    (subject,) = read["subject"]
    serialization_args = read["predicate"]["serialization"]
    if (serialization_args["method"], serialization_args["hash_type"], serialization_args["allow_symlinks"]) != ("files", "sha256", False):
        raise ValueError("serialization")
    root = hashlib.sha256()
    signed = {}
    for resource in read["predicate"]["resources"]:
        if resource["algorithm"] != "sha256":
            raise ValueError("algorithm")
        digest = bytes.fromhex(resource["digest"])
        root.update(digest)
        signed[pathlib.PurePosixPath(resource["name"])] = digest
    if root.hexdigest() != subject["digest"]["sha256"]:
        raise ValueError("root digest")
    ignored = {pathlib.PurePosixPath(path) for path in serialization_args["ignore_paths"]}
    there = {path: hashlib.sha256(content).digest() for name, content in files.items() if (path := pathlib.PurePosixPath(name)) not in ignored}
    if signed != there:
        raise ValueError("files")
    if [resource["name"] for resource in read["predicate"]["resources"]] != [r["name"] for r in statement("", files)["predicate"]["resources"]]:
        raise ValueError("order")


def refuses(bundle, key, curve, files):
    try:
        verify_bundle(bundle, key, curve, files)
    except (ValueError, InvalidSignature):
        return True
    return False


def verify():
    ours = json.loads((HERE / "signing-ours.json").read_text(encoding="utf-8"))
    for case in ours["cases"]:
        curve = case["curve"]
        key = private_key(curve).public_key()
        verify_bundle(case["bundle"], key, curve, FILES)
        if not refuses(case["bundle"], key, curve, {**FILES, "model.onnx": b"other"}):
            raise ValueError("a changed file was accepted")
        print(f"ok {curve}")
    if len(ours["cases"]) != 4:
        raise ValueError("cases are missing")


if __name__ == "__main__":
    {"make": make, "verify": verify}[sys.argv[1]]()
