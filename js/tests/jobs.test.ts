import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StaticHost } from "../src/core/host";
import { Jobs, type Reply } from "../src/core/jobs";
import { refusal } from "../src/explainer/upload";

/** A host whose kernel is this test. */
class Kernel extends StaticHost {
  sent: any[] = [];
  private heard: ((content: unknown, buffers: unknown[]) => void)[] = [];
  override send(content?: unknown): void {
    this.sent.push(content);
  }
  override on(event: string, callback: (...args: any[]) => void): void {
    if (event === "msg:custom") this.heard.push(callback);
    else super.on(event, callback);
  }
  say(content: Partial<Reply>): void {
    this.heard.forEach((callback) => callback(content, []));
  }
  last(type: string): any {
    return this.sent.findLast((message) => message.type === type);
  }
}

let kernel: Kernel;
let jobs: Jobs;
let heard: string[];
let unanswered: number;
let stop: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  kernel = new Kernel({ epoch: 3 });
  heard = [];
  unanswered = 0;
  stop = new AbortController();
  jobs = new Jobs(
    kernel,
    stop.signal,
    (reply) => heard.push(`${reply.type} ${reply.id.split(":")[1] ?? ""}`),
    () => unanswered++,
  );
});
afterEach(() => {
  stop.abort();
  vi.useRealTimers();
});

const ask = (): string => {
  jobs.request("explain", { target: "AF" });
  return kernel.last("request").id;
};

describe("the browser's half of the protocol", () => {
  it("says ready, and asks with an id, the epoch and its parameters", () => {
    expect(kernel.sent[0].type).toBe("ready");
    ask();
    expect(kernel.last("request")).toMatchObject({ kind: "explain", epoch: 3, target: "AF" });
  });

  it("passes start, steps and the end on, once", () => {
    const id = ask();
    kernel.say({ type: "start", kind: "explain", id, epoch: 4 });
    kernel.say({ type: "step", kind: "explain", id, epoch: 4, seq: 1 });
    kernel.say({ type: "done", kind: "explain", id, epoch: 4 });
    kernel.say({ type: "done", kind: "explain", id, epoch: 4 });
    expect(heard).toEqual(["start 1", "step 1", "done 1"]);
    expect(jobs.running.size).toBe(0);
  });

  it("ignores what a stopped job still sends, but acknowledges it", () => {
    const id = ask();
    kernel.say({ type: "start", kind: "explain", id, epoch: 4 });
    jobs.cancel("explain");
    expect(kernel.last("cancel").id).toBe(id);
    kernel.say({ type: "step", kind: "explain", id, epoch: 4, seq: 9 });
    kernel.say({ type: "cancelled", kind: "explain", id, epoch: 4 });
    expect(heard).toEqual(["start 1"]);
    expect(kernel.last("ack")).toMatchObject({ id, seq: 9 });
  });

  it("lets the latest win: the first job's end is not the second's", () => {
    const first = ask();
    kernel.say({ type: "start", kind: "explain", id: first, epoch: 4 });
    const second = ask();
    kernel.say({ type: "cancelled", kind: "explain", id: first, epoch: 4 });
    kernel.say({ type: "start", kind: "explain", id: second, epoch: 5 });
    kernel.say({ type: "step", kind: "explain", id: first, epoch: 4, seq: 2 });
    kernel.say({ type: "done", kind: "explain", id: second, epoch: 5 });
    expect(heard).toEqual(["start 1", "start 2", "done 2"]);
  });

  it("discards steps of an epoch that is over", () => {
    const id = ask();
    kernel.say({ type: "start", kind: "explain", id, epoch: 4 });
    kernel.set("epoch", 6);
    kernel.say({ type: "step", kind: "explain", id, epoch: 4, seq: 1 });
    expect(heard).toEqual(["start 1"]);
  });

  it("follows a job another view began", () => {
    kernel.say({ type: "start", kind: "explain", id: "other:7", epoch: 4 });
    kernel.say({ type: "step", kind: "explain", id: "other:7", epoch: 4, seq: 1 });
    expect(heard).toEqual(["start 7", "step 7"]);
    jobs.cancel("explain");
    expect(kernel.last("cancel").id).toBe("other:7");
  });

  it("takes up what runs from the snapshot meant for it, not from another's", () => {
    const view = kernel.sent[0].view;
    kernel.say({ type: "snapshot", kind: "explain", id: "a:1", epoch: 4, view: "somebody" });
    expect(heard).toEqual([]);
    kernel.say({ type: "snapshot", kind: "explain", id: "a:1", epoch: 4, view });
    kernel.say({ type: "step", kind: "explain", id: "a:1", epoch: 4, seq: 3 });
    expect(heard).toEqual(["snapshot 1", "step 1"]);
  });

  it("says so when the kernel keeps silent, and not when it answers", () => {
    ask();
    vi.advanceTimersByTime(10_000);
    expect(unanswered).toBe(1);
    const id = ask();
    kernel.say({ type: "start", kind: "explain", id, epoch: 4 });
    vi.advanceTimersByTime(10_000);
    expect(unanswered).toBe(1);
  });

  it("tells the kernel when its view is gone", () => {
    stop.abort();
    expect(kernel.last("visible")).toMatchObject({ visible: false });
  });
});

const LIMIT = 4 * 2 ** 20; // what the kernel says

describe("files that are refused before they are sent", () => {
  it.each([
    [[], /No file was dropped/],
    [[{ name: "big.xml", size: 4.5 * 2 ** 20 }], /big\.xml: 4\.5 MiB, more than 4 MiB.*cw\.read/],
    [[{ name: "empty.xml", size: 0 }], /empty\.xml is empty/],
    [Array.from({ length: 13 }, (_, i) => ({ name: `${i}.dat`, size: 5 })), /13 files/],
  ])("%j", (files, why) => expect(refusal(files, LIMIT)).toMatch(why));

  it("lets a WFDB record through", () => {
    expect(
      refusal(
        [
          { name: "1.hea", size: 300 },
          { name: "1.dat", size: 120000 },
        ],
        LIMIT,
      ),
    ).toBeNull();
  });
});
