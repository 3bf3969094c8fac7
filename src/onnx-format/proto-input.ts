import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { invalidModel } from "./invalid-model.ts";

/** Most messages inside one another: what protobuf's own C++ parser allows by default. */
const maxDepth = 100;

/** Most messages looked into and most text read: far above any real model, and low enough that no file can exhaust the heap. */
const maxMessages = 1_000_000;
const maxTextLength = 64 * 1024 * 1024;

/**
 * Reads protobuf messages field by field, in one pass, over bytes that nobody vouches for. Nothing is copied but the text that is
 * asked for; no field reaches beyond the message that it is in; each field costs at least one byte, so the work is linear.
 *
 * @source Protocol Buffers, "Encoding"
 */
export class ProtoInput {
  readonly #wire: BinaryReader;
  #end: number;
  #depth = 0;
  #messages = 0;
  #textLength = 0;
  #wireType: WireType = WireType.LengthDelimited;
  #fieldStart = 0;

  constructor(bytes: Uint8Array) {
    this.#wire = new BinaryReader(bytes);
    this.#end = bytes.length;
  }

  /** Where the field at hand begins, its number included. */
  get fieldStart(): number {
    return this.#fieldStart;
  }

  /** How many bytes were read. */
  get position(): number {
    return this.#wire.pos;
  }

  /** Calls `read` with the number of each field of the message at hand; `read` takes the value, or skips it. */
  fields(read: (field: number) => void): void {
    while (this.#wire.pos < this.#end) {
      this.#fieldStart = this.#wire.pos;
      const [field, wireType] = this.#wire.tag();
      this.#wireType = wireType;
      read(field);
      if (this.#wire.pos > this.#end) throw invalidModel("a field reaches beyond its message");
    }
  }

  /** Takes a message inside the message at hand, as {@link ProtoInput.fields} does; calls `begin` before its first field. */
  message(read: (field: number) => void, begin?: () => void): void {
    this.#expect(WireType.LengthDelimited);
    const length = this.#wire.uint32();
    const outer = this.#end;
    if (length > outer - this.#wire.pos) throw invalidModel("a message reaches beyond its end");
    if (this.#depth === maxDepth) throw invalidModel(`more than ${maxDepth} messages are inside one another`);
    if (++this.#messages > maxMessages) throw invalidModel(`it has more than ${maxMessages} messages`);
    this.#end = this.#wire.pos + length;
    this.#depth += 1;
    begin?.();
    this.fields(read);
    this.#depth -= 1;
    this.#end = outer;
  }

  /** Does `read`, then goes back to where it began: the field at hand can be read again, and what was read does not count. */
  ahead<T>(read: () => T): T {
    const [at, wireType, fieldStart] = [this.#wire.pos, this.#wireType, this.#fieldStart];
    const [messages, textLength] = [this.#messages, this.#textLength];
    const result = read();
    this.#wire.pos = at;
    [this.#wireType, this.#fieldStart, this.#messages, this.#textLength] = [wireType, fieldStart, messages, textLength];
    return result;
  }

  /** Takes text, which must be UTF-8. */
  text(): string {
    this.#expect(WireType.LengthDelimited);
    const text = this.#wire.string(true);
    this.#textLength += text.length;
    if (this.#textLength > maxTextLength) throw invalidModel(`it has more than ${maxTextLength} characters of text`);
    return text;
  }

  /** Takes an int32 or an enum. */
  int32(): number {
    this.#expect(WireType.Varint);
    return this.#wire.int32();
  }

  /** Takes an int64 that a number can hold. */
  int64(): number {
    this.#expect(WireType.Varint);
    const value = Number(this.#wire.int64());
    if (!Number.isSafeInteger(value)) throw invalidModel(`the integer ${value} is beyond 2^53`);
    return value;
  }

  /** Takes an int64, or a packed list of them, and gives each to `take`. */
  int64s(take: (value: bigint) => void): void {
    const end = this.#wireType === WireType.LengthDelimited ? this.#wire.uint32() + this.#wire.pos : undefined;
    if (end === undefined) this.#expect(WireType.Varint);
    else if (end > this.#end) throw invalidModel("a list reaches beyond its message");
    do {
      if (this.#wire.pos === end) return;
      take(BigInt(this.#wire.int64()));
    } while (end !== undefined && this.#wire.pos < end);
    if (end !== undefined && this.#wire.pos > end) throw invalidModel("a list reaches beyond its end");
  }

  /** Passes over a value of any kind, without looking at it. ONNX has no groups, and nested ones would cost stack. */
  skip(): void {
    if (this.#wireType === WireType.StartGroup || this.#wireType === WireType.EndGroup)
      throw invalidModel("it has a protobuf group");
    this.#wire.skip(this.#wireType);
  }

  #expect(wireType: WireType): void {
    if (this.#wireType !== wireType) throw invalidModel(`a field has wire type ${this.#wireType} in place of ${wireType}`);
  }
}
