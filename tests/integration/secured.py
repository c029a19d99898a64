"""A broker and a store that let nobody in without a name: certificates of a throw-away authority, SCRAM, access lists."""

import subprocess
import sys
from pathlib import Path

import trustme
from conftest import RedisServer, free_port, missing, wait_for_port
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

sys.path.insert(0, str(Path(__file__).parents[2] / "deploy" / "kafka"))
from node import Guard, KafkaNode, KafkaNodeError


class Authority:
    """Issues certificates into a folder."""

    def __init__(self, folder):
        self._folder, self._ca = folder, trustme.CA()
        self.path = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.path)

    def issue(self, *names, common_name):
        """Give the paths of a new certificate and its key, and of both in one file."""
        leaf = self._ca.issue_cert(*names, common_name=common_name)
        key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
        # PKCS 8: the only form that Kafka reads.
        key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        cert_pem = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        paths = [self._folder / f"{common_name}.{suffix}" for suffix in ("cert.pem", "key.pem", "both.pem")]
        for path, content in zip(paths, (cert_pem, key_pem, key_pem + cert_pem), strict=True):
            path.write_bytes(content)
        return paths


class SecuredRedis(RedisServer):
    """A Redis server that speaks TLS only and knows one user, who sees keys of one prefix."""

    def __init__(self, folder, authority, user, password, prefix):
        super().__init__(folder)
        cert, key, _ = authority.issue("127.0.0.1", common_name="redis")
        rules = (
            f"user default off\nuser {user} on >{password} ~{prefix}* -@all +@read +@write +@scripting +@connection\n"
        )
        (folder / "users.acl").write_text(rules)
        self._options = {
            "port": 0,
            "tls-port": self.port,
            "bind": "127.0.0.1",
            "tls-cert-file": cert,
            "tls-key-file": key,
            "tls-ca-cert-file": authority.path,
            "tls-auth-clients": "no",
            "aclfile": folder / "users.acl",
            "save": "",
        }

    @property
    def url(self):
        return f"rediss://127.0.0.1:{self.port}/0"

    def start(self):
        options = [str(part) for name, value in self._options.items() for part in (f"--{name}", value)]
        self.process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL, cwd=self.folder)
        wait_for_port(self.port, self.process)


def secured_kafka(folder, authority, passwords):
    """Give a running node whose users have these passwords."""
    _, _, both = authority.issue("127.0.0.1", common_name="kafka")
    try:
        node = KafkaNode(folder, free_port(), Guard(both, authority.path, passwords))
        node.start()
    except KafkaNodeError as error:
        missing(f"Apache Kafka ({error})")
    return node
