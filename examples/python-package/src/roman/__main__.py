"""`python -m roman 2024 MCMXCIX` prints each the other way round."""

import sys

from roman import from_roman, to_roman


def main() -> int:
    for word in sys.argv[1:]:
        print(to_roman(int(word)) if word.isdigit() else from_roman(word))
    return 0


if __name__ == "__main__":
    sys.exit(main())
