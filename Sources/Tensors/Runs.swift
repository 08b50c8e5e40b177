/// Calls `body` for each run of rows with its first row among all the runs' rows; with one run of the first `rows` rows where
/// none are given.
/// - Parameter height: how many rows there are to run over
func forEachRun(
  _ runs: [Range<Int>]?, rows: Int, of height: Int, _ body: (_ start: Int, _ run: Range<Int>) -> Void
) {
  guard let runs else {
    precondition(rows <= height)
    body(0, 0..<rows)
    return
  }
  var start = 0
  for run in runs {
    precondition(run.lowerBound >= 0 && run.upperBound <= height)
    body(start, run)
    start += run.count
  }
  precondition(start == rows)
}
