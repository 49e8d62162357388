"""Whether the shop's page holds a word."""

import os
import sys
import urllib.request

page = urllib.request.urlopen(f"http://127.0.0.1:{os.environ['PORT']}/catalogue.txt").read().decode()
if sys.argv[1] not in page:
    sys.exit(f"the shop does not know {sys.argv[1]}")
print(f"the shop knows {sys.argv[1]}")
