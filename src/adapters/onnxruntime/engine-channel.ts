import type { EngineReply, EngineRequest } from "./engine-messages.ts";

/** What a connection tells of its host. Nothing is told after `lost`. */
export interface EngineEvents {
  /** The host answered a request. */
  reply(reply: EngineReply): void;
  /** The host ended without being asked to, for this reason: no request that is open will be answered. */
  lost(reason: string): void;
}

/** Starts a host of its own and opens a connection to it, at once. What it throws counts as a host that was lost. */
export type ConnectEngine = (events: EngineEvents) => EngineChannel;

/** A connection to a host of an engine in another thread or process, from the side that asks. */
export interface EngineChannel {
  /**
   * Sends a request.
   *
   * @param transfer - memory that moves to the host and is lost here; a channel that cannot move memory copies it
   * @throws whatever the platform throws for what cannot be sent
   */
  post(request: EngineRequest, transfer?: readonly ArrayBuffer[]): void;
  /** Ends the host after what it was asked before; resolves when it has ended. `lost` is not told. May be called twice. */
  end(): Promise<void>;
  /** Ends the host at once, whatever it does, and tells `lost` with this reason. Absent where that would end this process too. */
  kill?(reason: string): void;
  /** Keeps this process alive until `unhold`: an answer is waited for. Absent where nothing needs to. */
  hold?(): void;
  unhold?(): void;
}
