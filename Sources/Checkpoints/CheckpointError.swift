import Formats

/// A checkpoint is files, and what is wrong with it is wrong with one of them.
public typealias CheckpointError = FileError
