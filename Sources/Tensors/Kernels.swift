import CBLAS
import CKernels

/// The C kernels for this processor, chosen once.
package let kernels = kernels_best().pointee

/// Whether BLAS works with narrower vectors than our kernels: then these serve all large products.
package let isBLASBehind = kernels.panels.width > 0 && BLAS.vectorBits < kernels.panels.width * 16

/// Which kernels run, e.g. "AVX2".
package let kernelsName = String(cString: kernels_name(kernels_best()))
