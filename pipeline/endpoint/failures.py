"""What makes a request worth another attempt."""


class TryAgain(Exception):
    """An attempt failed in a way that another may not; `wait_s` is what the endpoint asks for."""

    def __init__(self, reason: str, wait_s: float = 0.0, may_be_charged: bool = False) -> None:
        super().__init__(reason)
        self.wait_s, self.may_be_charged = wait_s, may_be_charged


class UnusableReply(Exception):
    """The message says what is wrong, and ends in what to do about it."""
