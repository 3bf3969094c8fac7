import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { invalidModel, onBytes, unsupportedModel } from "./invalid-model.ts";
import { ProtoInput } from "./proto-input.ts";

/** Most changes of one model, each of which costs some objects: far above any real model. */
const maxEdits = 1_000_000;

const nothing = new Uint8Array();

/** What is put into a message beside its own fields. */
export interface Additions {
  /** Before the first field. */
  readonly head?: Uint8Array | undefined;
  /** After the last field; asked for when that was read. */
  readonly tail?: (() => readonly Uint8Array[]) | undefined;
}

/**
 * Copies protobuf messages with some fields changed. What is not changed is copied byte for byte, unknown fields and their order
 * included; a message in which nothing changes keeps its bytes too. The work is that of reading, plus one copy at the end.
 *
 * Read fields through `input`; after a field was read, `drop` or `replace` it.
 */
export class MessageRewriter {
  readonly input: ProtoInput;
  readonly #bytes: Uint8Array;
  readonly #maxBytes: number;
  /** The result so far, but for what lies between `#kept` and the place of reading. */
  readonly #parts: Uint8Array[] = [];
  #size = 0;
  /** From here on the source is to be copied. */
  #kept = 0;
  /** Where the field at hand begins. */
  #start = 0;
  #edits = 0;

  /** @param maxBytes - most bytes of the result */
  constructor(bytes: Uint8Array, maxBytes: number) {
    this.input = new ProtoInput(bytes);
    this.#bytes = bytes;
    this.#maxBytes = maxBytes;
  }

  /**
   * Rewrites the outermost message. Answers the source itself when nothing was changed.
   *
   * @throws a {@link ModelwrightError} with code `MODEL_INVALID` when the bytes are damaged, `MODEL_UNSUPPORTED` when the result is too big
   */
  rewrite(read: (field: number) => void, tail: readonly Uint8Array[] = []): Uint8Array {
    onBytes(() => this.#fields((each) => this.input.fields(each), read));
    for (const part of tail) this.#insert(part);
    this.#keepUntil(this.#bytes.length);
    return this.#edits === 0 ? this.#bytes : this.#joined();
  }

  /** Takes a message inside the message at hand and rewrites it. */
  message(field: number, read: (field: number) => void, { head, tail }: Additions = {}): void {
    const before = { start: this.#start, kept: this.#kept, parts: this.#parts.length, size: this.#size, edits: this.#edits };
    this.#keepUntil(this.#start);
    const slot = this.#parts.length;
    this.#parts.push(nothing);
    const outside = this.#size;
    const begin = () => {
      this.#kept = this.input.position;
      if (head !== undefined) this.#insert(head);
    };
    this.#fields((each) => this.input.message(each, begin), read);
    for (const part of tail?.() ?? []) this.#insert(part);
    this.#start = before.start;
    if (this.#edits === before.edits) {
      // As if it had been skipped.
      this.#parts.length = before.parts;
      this.#size = before.size;
      this.#kept = before.kept;
      return;
    }
    this.#keepUntil(this.input.position);
    const prefix = new BinaryWriter()
      .tag(field, WireType.LengthDelimited)
      .uint32(this.#size - outside)
      .finish();
    this.#parts[slot] = prefix;
    this.#grow(prefix.length);
  }

  /** Leaves out the field that was just read. */
  drop(): void {
    this.#keepUntil(this.#start);
    this.#kept = this.input.position;
    this.#edited();
  }

  /** Puts these fields in the place of the one that was just read. */
  replace(fields: Uint8Array): void {
    this.drop();
    this.#push(fields);
  }

  #fields(run: (each: (field: number) => void) => void, read: (field: number) => void): void {
    run((field) => {
      this.#start = this.input.fieldStart;
      read(field);
    });
  }

  #insert(fields: Uint8Array): void {
    this.#keepUntil(this.input.position);
    this.#push(fields);
    this.#edited();
  }

  #edited(): void {
    this.#edits += 1;
    if (this.#edits > maxEdits) throw invalidModel(`it needs more than ${maxEdits} changes`);
  }

  #keepUntil(end: number): void {
    if (end > this.#kept) this.#push(this.#bytes.subarray(this.#kept, end));
    this.#kept = end;
  }

  #push(part: Uint8Array): void {
    this.#parts.push(part);
    this.#grow(part.length);
  }

  #grow(length: number): void {
    this.#size += length;
    if (this.#size <= this.#maxBytes) return;
    throw unsupportedModel(`as one file it has more than ${this.#maxBytes} bytes, the most that an engine or this session takes`);
  }

  #joined(): Uint8Array {
    const bytes = new Uint8Array(this.#size);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}

/** The bytes of fields that `write` gives. */
export function fieldBytes(write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
}
