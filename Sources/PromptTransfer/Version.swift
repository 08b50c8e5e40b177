/// The version of the library and its command.
public enum PromptFerryVersion {
  public static let current = "0.2.0"
}
