/// Something that is known of descriptors, by their numbers, which are small.
struct ByDescriptor<Value> {
  private var values: [Value?] = []

  /// What is known of a descriptor; nil for nothing.
  subscript(fd: Int32) -> Value? {
    get { fd >= 0 && fd < values.count ? values[Int(fd)] : nil }
    set {
      guard fd >= 0 else { return }
      while values.count <= fd { values.append(nil) }
      values[Int(fd)] = newValue
    }
  }
}
