/// A value on the pickle machine's stack. Compound ones refer to places, so that none owns another: a value
/// that contains itself, or one that is nested a million deep, is as harmless as any.
enum PickleValue {
  /// Anything that no tensor is made of: floats, large integers, lists.
  case other
  case none
  case bool(Bool)
  case integer(Int)
  /// UTF-8, in the pickle's bytes.
  case text(PickleSpan)
  /// In the machine's `elements`.
  case tuple(PickleSpan)
  /// By its number; what it holds is in the machine's `items`.
  case dictionary(UInt32)
  case list
  case global(PickleGlobal)
  /// The tuple of a persistent id, in `elements`.
  case storage(PickleSpan)
  /// The arguments of `_rebuild_tensor_v2`, in `elements`.
  case tensor(PickleSpan)
}

/// A place in an array, narrow to keep values small.
struct PickleSpan {
  let start: UInt32
  let count: UInt32

  /// Both are below the limit of a pickle's size.
  init(_ range: Range<Int>) {
    start = UInt32(truncatingIfNeeded: range.lowerBound)
    count = UInt32(truncatingIfNeeded: range.count)
  }

  var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

/// The Python objects that a state dict of tensors needs. None is called: each is a shape to recognise.
enum PickleGlobal {
  case orderedDictionary
  case rebuildTensor
  case rebuildParameter
  case storage(TensorType)

  /// Nil for any other module and name.
  init?(_ path: String) {
    switch path {
    case "collections.OrderedDict": self = .orderedDictionary
    case "torch._utils._rebuild_tensor_v2": self = .rebuildTensor
    case "torch._utils._rebuild_parameter": self = .rebuildParameter
    case "torch.FloatStorage": self = .storage(.float32)
    case "torch.HalfStorage": self = .storage(.float16)
    case "torch.BFloat16Storage": self = .storage(.bfloat16)
    case "torch.DoubleStorage": self = .storage(.f64)
    case "torch.LongStorage": self = .storage(.i64)
    case "torch.IntStorage": self = .storage(.i32)
    case "torch.ShortStorage": self = .storage(.i16)
    case "torch.CharStorage": self = .storage(.i8)
    case "torch.ByteStorage", "torch.storage.UntypedStorage": self = .storage(.u8)
    case "torch.BoolStorage": self = .storage(.bool)
    default: return nil
    }
  }
}

/// The instructions that pickles of state dicts consist of, with Python's names (`Lib/pickletools.py`).
enum PickleOpcode: UInt8 {
  case mark = 0x28
  case stop = 0x2E
  case proto = 0x80
  case frame = 0x95
  case none = 0x4E
  case newTrue = 0x88
  case newFalse = 0x89
  case binInt = 0x4A
  case binInt1 = 0x4B
  case binInt2 = 0x4D
  case long1 = 0x8A
  case binFloat = 0x47
  case binUnicode = 0x58
  case shortBinUnicode = 0x8C
  case emptyTuple = 0x29
  case tuple = 0x74
  case tuple1 = 0x85
  case tuple2 = 0x86
  case tuple3 = 0x87
  case emptyList = 0x5D
  case append = 0x61
  case appends = 0x65
  case emptyDictionary = 0x7D
  case setItem = 0x73
  case setItems = 0x75
  case binPut = 0x71
  case longBinPut = 0x72
  case memoize = 0x94
  case binGet = 0x68
  case longBinGet = 0x6A
  case global = 0x63
  case stackGlobal = 0x93
  case binPersistentID = 0x51
  case reduce = 0x52
  case build = 0x62
}
