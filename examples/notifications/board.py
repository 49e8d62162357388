"""A board that prints what it is told: `python3 board.py [PORT]`."""

import http.server
import json
import sys


class Board(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        print(told["title"], *told["text"].splitlines(), sep="\n  ", flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8913
    server = http.server.HTTPServer(("127.0.0.1", port), Board)
    print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
