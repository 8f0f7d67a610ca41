"""Periods as cron expressions. In this dialect (croniter) seconds are the last of six fields."""

MINUTE, HOUR, DAY = 60, 3600, 86400


def every(seconds: int) -> str:
    """The cron expression of a period that divides a minute, an hour or a day; ``ValueError`` for any other."""
    if 0 < seconds < MINUTE and MINUTE % seconds == 0:
        return f"* * * * * */{seconds}"
    if seconds in (MINUTE, HOUR, DAY):
        return {MINUTE: "* * * * *", HOUR: "0 * * * *", DAY: "0 0 * * *"}[seconds]
    if MINUTE < seconds < HOUR and seconds % MINUTE == 0 and HOUR % seconds == 0:
        return f"*/{seconds // MINUTE} * * * *"
    if HOUR < seconds < DAY and seconds % HOUR == 0 and DAY % seconds == 0:
        return f"0 */{seconds // HOUR} * * *"
    raise ValueError(f"{seconds} seconds divide neither a minute nor an hour nor a day")
