"""Every label and tooltip of the panels, by the scene's path: what it is, its unit, what it does. Also the keys."""

from __future__ import annotations

HINTS: dict[str, tuple[str, str]] = {
    "data.kind": ("Data set", "What the network learns. Changing it starts a new network of the right size."),
    "data.seed": ("Seed", "The random numbers that make or split the data. The same seed gives the same data."),
    "data.test_fraction": (
        "Test share",
        "Share of the samples (0 to 0.9) that the network never trains on; they measure what it really "
        "learned.",
    ),
    "data.standardize": ("Standardise", "Shift and scale each input to mean 0 and deviation 1, measured on the training set."),
    "data.standardize_target": (
        "Scale target",
        "Numbers to be foretold are learned with mean 0 and deviation 1 (of the training set), and shown in their own unit. auto: those "
        "of your own files, unless the loss or the output needs them as they are, or inputs that are not standardised are as large.",
    ),
    "data.split": ("Test rows", "random: drawn by the seed. last: the last rows, for series. auto: the last ones where there are lags."),
    "data.samples": ("Samples", "How many samples are made. 0: as many as the generator's own default."),
    "data.noise": ("Noise", "How much the points are scattered, as a share (0 to 0.5)."),
    "data.inputs": ("Inputs", "Numbers in one sample."),
    "data.classes": ("Classes", "How many kinds of sample there are."),
    "data.shape": ("As a picture", "Shows the inputs as a square picture instead of one long row."),
    "data.target": ("Target", "The column that is to be learned from all others."),
    "data.header": ("Names on top", "Whether the first line holds the columns' names."),
    "data.task": ("Task", "Classification tells kinds apart, regression foretells a number."),
    "data.features": ("Features", "What the network is given of a point (x1, x2). Switch on any of them; at least one stays."),
    "train.learning_rate": (
        "Learning rate",
        "How far each step moves the weights along the gradient (no unit). Too large: it explodes. Too small: it "
        "crawls.",
    ),
    "train.batch": ("Batch", "Samples a step. 0: the whole training set. Larger is steadier and slower."),
    "train.optimizer": (
        "Optimiser",
        "The rule that turns gradients into changes of the weights. Changing it keeps the weights; the optimiser's memory and the step "
        "count begin anew.",
    ),
    "train.momentum": ("Momentum", "Share of the last change that goes on (0 to 1)."),
    "train.beta1": ("Beta 1", "Memory of the mean gradient (0 to 1): 0.9 remembers about 10 steps."),
    "train.beta2": ("Beta 2", "Memory of the squared gradient (0 to 1): 0.999 remembers about 1,000 steps."),
    "train.rho": ("Rho", "Memory of the squared gradient (0 to 1)."),
    "train.epsilon": ("Epsilon", "A small number that keeps the division in the optimiser finite."),
    "train.weight_decay": ("Weight decay", "Share of each weight and bias, times the learning rate, that is taken away at each step."),
    "train.loss": (
        "Loss",
        "What is made small. auto: cross-entropy for classes, squared error for numbers. Changing it keeps the weights.",
    ),
    "train.huber_delta": (
        "Huber delta",
        "Errors larger than this count linearly: in deviations of a standardised target, else in the target's unit.",
    ),
    "train.class_weights": (
        "Class weights",
        "balanced: samples of rare classes count for more, so that every class counts the same. A list or table of your own stands in the "
        "scene file. The loss is the mean of the weighted losses.",
    ),
    "train.schedule": ("Schedule", "How the learning rate changes over the steps."),
    "train.schedule_steps": ("Every", "step: steps between two drops. cosine: steps until the floor."),
    "train.schedule_factor": ("Factor", "step: the rate is multiplied by this at each drop. cosine: the floor, as a share of the rate."),
    "train.warmup": (
        "Warm-up",
        "Steps over which the learning rate rises to its value: step k of n has k / n of it. A schedule begins after them.",
    ),
    "train.l1": (
        "L1",
        "Pulls every weight (no bias) to 0 at a constant rate; makes many of them small (no unit). It acts in the gradient; the loss is "
        "told without it.",
    ),
    "train.l1_dead_at_zero": ("L1 cuts", "Playground's rule: a weight that L1 pushes through 0 is cut and stays 0."),
    "train.l2": (
        "L2",
        "Pulls every weight (no bias) to 0 in proportion to its size (no unit). It acts in the gradient; the loss is told without it.",
    ),
    "train.clip_norm": ("Clip norm", "The gradient, with L1 and L2 in it, is scaled down where its length is larger. 0: off."),
    "train.order": ("Order", "shuffle: a new order each epoch. sequential: the order of the file."),
    "train.seed": ("Seed", "The random numbers of the first weights and of the batches. Changing it starts again."),
    "train.steps": ("Step", "Training stops at this step. 0: never. Play goes on from there."),
    "train.stop_epoch": ("Epoch", "Training stops at the end of this epoch. 0: never. Play goes on from there."),
    "train.stop_train_loss": (
        "Train loss below",
        "Training stops when the loss on the training set (of standardised targets, where they are) is below this. Looked at every few "
        "steps, without dropout, on at most 2,000 samples drawn evenly, and on all of them before it stops. 0: never.",
    ),
    "train.stop_test_loss": (
        "Test loss below",
        "Training stops when the loss on the test set (of standardised targets, where they are) is below this. Looked at every few "
        "steps, on at most 2,000 samples drawn evenly, and on all of them before it stops. 0: never.",
    ),
    "train.stop_accuracy": (
        "Test right",
        "Training stops when at least this share (0 to 1) of the test set is answered right. Looked at every few steps, on at most "
        "2,000 samples drawn evenly, and on all of them before it stops. 0: never.",
    ),
    "train.steps_per_second": ("Steps / s", "Training steps a second. 0: as many as fit in a frame."),
    "network.output.activation": ("Output", "The function of the last layer. auto: softmax for classes, linear for numbers."),
    "view.follow": ("Next by itself", "Show another sample every few seconds."),
    "view.labels": ("Labels", "Names of classes and layers beside the network."),
    "view.plate": (
        "Decision plate",
        "Two-dimensional data: the network's answer at every place of the plane; colour is the class, brightness how certain it is. "
        "Dots are the training samples, the ring is the shown one.",
    ),
    "view.thumbnails": (
        "Neuron pictures",
        "Where there is a plane: each neuron is a picture of its own activation at every place of it. Blue is positive, orange (yellow) "
        "negative, an output has its class's colour; each by its own scale. The rim glows with the activation for the shown sample.",
    ),
    "view.plate_x": (
        "Plane, right",
        "Two features make a plane: the network's answer over it appears beside the output, and each neuron's own. The other features stay "
        "as in the shown sample.",
    ),
    "view.plate_y": ("Plane, up", "The second feature of the plane."),
    "view.camera": ("Camera", "Where the network is looked at from. Keys 1 to 6."),
    "view.sway": ("Idle sway", "How far the camera swings when nobody touches it, in degrees (0 to 2)."),
    "view.pitch": ("Spacing", "Distance of two neighbouring neurons, in units of the stage."),
    "view.fold": (
        "Fold inputs",
        "Where there are many more inputs than this, the strongest are drawn one by one and the rest as one stack (by the summed size of "
        "their weights). 0: all are drawn.",
    ),
    "view.layer_gap": ("Layer gap", "Distance of two layers, times what the layout finds good."),
    "look.edges": (
        "Edges show",
        "Which number makes an edge bright: the signal (weight × activation), the weight, its gradient, or its last "
        "change.",
    ),
    "look.scale": (
        "Scale",
        "each layer: the brightest edge of every layer shines the same. whole network: all layers share one scale and can be "
        "compared.",
    ),
    "look.compare": (
        "Brightness",
        "one for both: equal brightness is an equal number in both networks. each its own: each is as bright as it would be alone.",
    ),
    "look.palette": ("Palette", "Colours of positive and negative. safe: told apart with any colour vision."),
    "look.dashes": ("Dashes", "Draw negative edges dashed, so that the sign is never told by colour alone."),
    "look.edge_width": ("Edge width", "Width of the edges, times the usual."),
    "look.edge_energy": ("Edge light", "Brightness of the edges, times the usual. Exposure does not depend on how many there are."),
    "look.particles": ("Signals", "How many particles travel along the strongest edges, times the usual. 0: none."),
    "look.particle_speed": ("Signal speed", "How fast the particles travel, times the usual."),
    "look.glow": ("Glow", "How far bright light spreads, times the usual."),
    "look.exposure": ("Exposure", "Brightness of the whole picture, times the usual."),
    "look.quality": ("Quality", "auto holds the frame rate on this machine; the others are fixed."),
    "look.weights": ("Weights", "Inside a step: the weights of the phase, before the step, after it, or their difference (V)."),
    "look.exaggeration": ("Magnify", "Inside a step: differences of weights are drawn so many times as large. 0: so that they are seen."),
    "look.ui_scale": ("Text size", "Size of all text and panels (0.5 to 4)."),
}  # fmt: skip

LAYER_HINTS = {
    "units": "Neurons in this layer. Drag, or Ctrl+click to type. Those that stay keep their weights; the step count begins anew.",
    "activation": "The function of this layer's neurons. The weights stay.",
    "init": "How the first weights are drawn. auto: what suits the activation. Changing it draws this layer anew.",
    "init_scale": "The first weights are multiplied by this. Changing it draws this layer anew.",
    "bias": "The first value of every bias in this layer. Changing it draws this layer anew.",
    "dropout": "Share of this layer's neurons that are switched off at random in each training step (0 to 1).",
}

QUANTITIES = {"signal": "signal  w·a", "weight": "weight  w", "gradient": "gradient  dL/dw", "change": "last change"}
QUANTITY_SYMBOL = {"signal": "|w a|", "weight": "|w|", "gradient": "|dL/dw|", "change": "|change of w|"}

HOLD_WORDS = {
    "frozen": "frozen: its weights and bias do not learn",
    "killed": "killed: it passes on 0, and no error goes back through it",
}

HINT = "New here? Press T for a guided tour. Drag to turn, click a neuron for its equation, ? for keys"
SHORT_HINT = "T: guided tour, ?: keys and mouse"
