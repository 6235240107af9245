import ForeignReaders
import Glibc

// libFuzzer over one reader of foreign bytes, which `FUZZ_TARGET` names.

private let chosen = getenv("FUZZ_TARGET").flatMap { ForeignReader(rawValue: String(cString: $0)) }

private func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let chosen else {
    print("FUZZ_TARGET is one of:", ForeignReader.allCases.map(\.rawValue).joined(separator: " "))
    exit(64)
  }
  chosen.read(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}

/// libFuzzer's own entry; its `main` is not linked in.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutableRawPointer,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// SwiftPM gives an executable's `main` this name.
@_cdecl("Fuzz_main")
public func main(_ count: CInt, _ arguments: UnsafeMutableRawPointer) -> CInt {
  var count = count
  var arguments = arguments
  return runFuzzer(&count, &arguments) { fuzz($0, $1) }
}
