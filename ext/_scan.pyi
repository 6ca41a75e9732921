from array import array

class CKernel:
    @property
    def name(self) -> str: ...
    @property
    def lanes(self) -> int: ...
    @property
    def missing(self) -> str | None: ...
    def __call__(
        self,
        midstates: array[int],
        tail: array[int],
        first: int,
        count: int,
        top_word: int,
        hits: array[int],
        stop: array[int],
    ) -> tuple[int, int]: ...

def compiled() -> dict[str, CKernel]: ...
def midstate(block: bytes) -> array[int]: ...
