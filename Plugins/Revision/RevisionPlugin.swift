import Foundation
import PackagePlugin

/// Tells the command which commit it is built from: `Revision.swift`, written by `revision.sh` before each build.
@main
struct RevisionPlugin: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) -> [Command] {
    let folder = context.pluginWorkDirectoryURL.appending(path: "Revision")
    let package = context.package.directoryURL
    return [
      .prebuildCommand(
        displayName: "Reading the commit", executable: URL(filePath: "/bin/sh"),
        arguments: [package.appending(path: "Plugins/Revision/revision.sh").path, package.path, folder.path],
        outputFilesDirectory: folder)
    ]
  }
}
