"""How large things may be. Checked before anything is allocated, so that no file can ask for the machine's memory."""

SCENE_BYTES = 1 << 20  # a scene is written by hand; the largest shipped one is under 4 kB
DATA_BYTES = 4 << 30
PICTURE_PIXELS = 1 << 26  # of one picture file: 8192 x 8192
PICTURE_BYTES = 256 << 20
PICTURES = 1_000_000  # files of a set
DATA_VALUES = 1 << 30  # float32 numbers in one data set: 4 GiB
LAYERS = 256
NODES = 2048  # with those that composites expand to
UNITS = 65_536
PARAMETERS = 100_000_000  # 0.4 GB an array; an optimiser with two slots needs five such arrays
RUN_PARAMETERS = 1_000_000_000  # of a model that is opened and only run: one array of 4 GB
NEURONS = 120_000_000  # as many as any chain within PARAMETERS can have, its input counted in
CONNECTIONS = 4096  # of one layer with another; each has tables of its own on the GPU, about 33 kB
EDGES = 250_000_000  # each is a multiplication or a sum in every step; twice PARAMETERS and what layers without weights add
PARAMETER = 1e6  # the largest weight that can be typed: its square still fits, so that the loss can answer
BATCH = 65_536
CLASSES = 10_000
STEPS = 1_000_000_000
IMAGE_SIDE = 16_384  # OpenGL's texture side on Mesa and on every GPU since 2012
STILLS = {"4K": 3840, "8K": 7680, "16K": 15_360}  # pixels of the longer side of a large still


def enlarged(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """A size of the same shape whose longer side has `longest` pixels; both even, as films want them."""
    scale = longest / max(*size, 1)
    width, height = (max(round(side * scale / 2) * 2, 16) for side in size)
    return width, height
