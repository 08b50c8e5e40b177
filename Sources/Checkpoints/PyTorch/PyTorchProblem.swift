/// What is wrong inside a PyTorch file; `PyTorchFile` adds the file's name.
struct PyTorchProblem: Error {
  let item: String?
  let problem: String
  let hint: String

  init(
    _ problem: String, item: String? = nil, hint: String = "The file is damaged or no PyTorch weights file"
  ) {
    self.item = item
    self.problem = problem
    self.hint = hint
  }
}
