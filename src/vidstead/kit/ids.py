"""Identifiers and secrets. Both are drawn from the operating system's random source."""

import secrets

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 24  # 62**24 is more than 2**142: an id may be published, but never guessed.


def new_id() -> str:
    """A new public identifier: 24 letters and digits, safe in addresses, keys and file names."""
    number, letters = secrets.randbits(192), []  # so many bits that no letter is likelier than another by 2**-49
    for _ in range(ID_LENGTH):
        number, letter = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[letter])
    return "".join(letters)


def new_secret() -> str:
    """A new secret of 32 random bytes, as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)
