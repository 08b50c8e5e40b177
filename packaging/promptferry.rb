# A Homebrew formula. With the release's address and SHA-256 filled in, in a tap of one's own: brew install --build-from-source promptferry
#
# Tried: ruby -c, and the commands of the test. Not tried: Homebrew, on macOS or Linux, since there was
# none; nor is the project tried on macOS.
class Promptferry < Formula
  desc "Carries soft prompts from one language model to another"
  homepage "https://arxiv.org/abs/2310.01691"
  url "ADDRESS-OF-THE-SOURCE-ARCHIVE"
  version "0.2.0"
  sha256 "SHA-256-OF-THE-SOURCE-ARCHIVE"
  license "Apache-2.0"

  depends_on xcode: ["16.3", :build]
  depends_on macos: :sequoia
  uses_from_macos "swift" => :build

  on_linux do
    depends_on "pkgconf" => :build
    depends_on "openblas"
    depends_on "swift"
  end

  def install
    system "swift", "build", "--disable-sandbox", "-c", "release", "--product", "promptferry"
    bin.install ".build/release/promptferry"
    pkgshare.install Dir["share/promptferry/*"]
    man1.install "share/man/man1/promptferry.1"
    generate_completions_from_executable(bin/"promptferry", "--generate-completion-script")
  end

  test do
    system bin/"promptferry", "tune", "--model", "zoo:bert-small", "--facts", "atlas:capital", "--epochs", "1",
           "-o", "capital.safetensors"
    assert_match "5 vectors of width 192", shell_output("#{bin}/promptferry inspect capital.safetensors")
  end
end
