import CKernels

/// The C kernels for this processor, chosen once.
package let kernels = kernels_best().pointee

/// Which kernels run, e.g. "AVX2".
package let kernelsName = String(cString: kernels_name(kernels_best()))
