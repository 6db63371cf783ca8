"""Tries to reach targets from inside a sandbox, and prints how each went: {"target": "outcome"}."""

import json
import socket
import ssl
import struct
import sys
import threading

TIMEOUT = 3


def http(name, host=None, port=80):
    with socket.create_connection((name, port), timeout=TIMEOUT) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host or name}\r\nConnection: close\r\n\r\n".encode())
        return connection.makefile("rb").readline().split()[1].decode()


def https(name, sni=None, port=443):
    context = ssl._create_unverified_context()
    with socket.create_connection((name, port), timeout=TIMEOUT) as raw:
        with context.wrap_socket(raw, server_hostname=None if sni == "-" else sni or name) as connection:
            connection.sendall(f"GET / HTTP/1.1\r\nHost: {sni or name}\r\nConnection: close\r\n\r\n".encode())
            return connection.makefile("rb").readline().split()[1].decode()


def tcp(address, port):
    socket.create_connection((address, int(port)), timeout=TIMEOUT).close()
    return "open"


def udp(address, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(2)
        connection.connect((address, int(port)))
        connection.send(b"ping")
        return connection.recv(100).decode()


CODES = {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}


def dns(name, kind="1", server=None):
    server = server or open("/etc/resolv.conf").read().split()[1]
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", int(kind), 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(3)
        connection.connect((server, 53))
        connection.send(query)
        answer = connection.recv(4096)
    return f"{CODES[answer[3] & 15]} {struct.unpack('>H', answer[6:8])[0]}"


def outcome(target):
    kind, *arguments = target.split()
    try:
        return globals()[kind](*arguments)
    except socket.gaierror:
        return "unknown"
    except Exception:
        return "closed"


def main(targets):
    outcomes = {}
    threads = [threading.Thread(target=lambda t=t: outcomes.update({t: outcome(t)})) for t in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(outcomes))


main(sys.argv[1:])
