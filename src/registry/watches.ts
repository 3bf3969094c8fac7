import type { Digest } from "../core/digest.ts";
import { ModelwrightError } from "../core/errors.ts";
import { Emitter, type Event } from "../core/events.ts";
import { guarded, type Logger } from "../core/logger.ts";
import { formatModelRef, type ModelIdentity, type ModelRef, type Precision } from "../core/model.ts";
import type { RegistryStore, VersionFile, VersionRecord } from "./port.ts";
import { modelPath, variantPath } from "./registration.ts";

/** The model that a version is, and the file that holds it. */
interface ModelFile {
  readonly identity: ModelIdentity & { readonly digest: Digest };
  readonly file: VersionFile;
}

/** A reference that somebody may want to follow. */
interface Watch {
  /** Fires after the reference has begun to point to a version other than the one seen last. */
  readonly onChanged: Event<ModelIdentity>;
  /**
   * Notes the version that the reference was found to point to, and answers which model that is and which of its files.
   *
   * @throws a {@link ModelwrightError} with code `MODEL_UNSUPPORTED` when it is no ONNX model
   */
  seen(version: VersionRecord): ModelFile;
}

/** The references that are followed; asking the store costs nothing while nobody listens. */
export class Watches {
  readonly #store: RegistryStore;
  readonly #logger: Logger;
  readonly #followed = new Set<{ readonly name: string; readonly check: () => Promise<void> }>();
  #told: Promise<void> = Promise.resolve();

  constructor(store: RegistryStore, logger: Logger) {
    this.#store = store;
    this.#logger = guarded(logger);
  }

  /** Prepares to follow a reference; it is followed while its event has listeners. */
  watch(ref: ModelRef, precision: Precision | undefined): Watch {
    const emitter = new Emitter<ModelIdentity>(this.#logger);
    let last: number | undefined;
    const check = async () => {
      const version = await this.#store.findVersion(ref);
      if (version === undefined || version.version === last) return;
      last = version.version;
      emitter.emit(identify(version, precision).identity);
    };
    const entry = { name: ref.name, check };
    let listeners = 0;
    return {
      onChanged: (listener) => {
        const subscription = emitter.event(listener);
        let active = true;
        listeners += 1;
        this.#followed.add(entry);
        return {
          [Symbol.dispose]: () => {
            subscription[Symbol.dispose]();
            if (active) listeners -= 1;
            active = false;
            if (listeners === 0) this.#followed.delete(entry);
          },
        };
      },
      seen: (version) => {
        last = version.version;
        return identify(version, precision);
      },
    };
  }

  /**
   * Tells the followers of a model's references what has changed, one change after the other. The call that made the change does
   * not wait: what it has done must not become a failure because time runs out while others are told.
   */
  announce(name: string): void {
    this.#told = this.#told.then(() => this.#tell(name));
  }

  /** Resolves when everything that was announced so far is told. Never rejects. */
  told(): Promise<void> {
    return this.#told;
  }

  async #tell(name: string): Promise<void> {
    for (const { name: followed, check } of [...this.#followed]) {
      if (followed !== name) continue;
      try {
        await check();
      } catch (error) {
        this.#logger.error("A change of a model could not be announced", { model: name, error });
      }
    }
  }
}

function identify(version: VersionRecord, precision: Precision | undefined): ModelFile {
  const { name, version: number, flavor, files } = version;
  const path = flavor === "onnx" ? modelPath(files.map((file) => file.path)) : undefined;
  const wanted = path === undefined || precision === undefined ? path : variantPath(path, precision);
  const file =
    files.find((each) => each.path === wanted) ?? (precision === "fp32" ? files.find((each) => each.path === path) : undefined);
  if (file !== undefined) return { identity: { name, version: number, digest: file.digest }, file };
  const ref = formatModelRef({ name, version: number });
  const reason = path === undefined ? `${ref} has the flavor ${flavor}, not onnx` : `${ref} has no variant ${wanted}`;
  const message =
    path === undefined ? `${reason}; load its files with ModelRegistry.load` : `${reason}; register that file with it`;
  throw new ModelwrightError("MODEL_UNSUPPORTED", message, { details: { reason } });
}
