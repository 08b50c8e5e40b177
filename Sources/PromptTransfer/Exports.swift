@_exported import struct LanguageModels.Computing
@_exported import enum LanguageModels.DeviceChoice
// What a client names beside this module's own types: one import is enough.
@_exported import struct LanguageModels.EmbeddingTable
@_exported import enum LanguageModels.PrecisionChoice
@_exported import struct Tensors.Matrix
@_exported import struct Tensors.Parallelism
@_exported import enum Tensors.Precision
@_exported import struct Tokenization.Tokenizer
