"""What workers of any build load: imported by the process that they are forked from, once."""

import gc

from models.imports import uncollected

with uncollected():
    import pyloudnorm  # noqa: F401
    import scipy.signal  # noqa: F401
    import soundfile  # noqa: F401
    import torchaudio.functional  # noqa: F401

    import pipeline.build.stages  # noqa: F401
    from pipeline.text.normalize import load_ahead

    load_ahead()
gc.freeze()  # shared by all workers, whose collectors would copy it by touching it
