import { describe, expect, it } from "vitest";
import fixture from "../../tests/report/paper.json";
import { fromPaper, type PaperRequest, paper, room, STANDARD, toPaper } from "../src/core/paper";

const cases = fixture.cases as any[];

describe.each(cases)("$name", (given) => {
  const request: PaperRequest = {
    ...given.request,
    leads: given.request.leads === "standard" ? STANDARD : given.request.leads,
  };
  const sheet = paper(request);

  it("has the size and the rows of the fixture", () => {
    expect(sheet.width).toBeCloseTo(given.width, 9);
    expect(sheet.height).toBeCloseTo(given.height, 9);
    expect(sheet.rowHeight).toBeCloseTo(given.row_height, 9);
  });

  it("puts every lead where the fixture says", () => {
    const panels = sheet.panels.map((p) => [p.label, p.sign, p.row, p.x, p.baseline, p.t0, p.t1]);
    expect(panels).toHaveLength(given.panels.length);
    panels.forEach((panel, i) =>
      panel.forEach((value, j) =>
        typeof value === "string" ? expect(value).toBe(given.panels[i][j]) : expect(value).toBeCloseTo(given.panels[i][j], 9),
      ),
    );
  });

  it("starts every row with 1 mV for 200 ms", () => {
    expect(sheet.pulses.map((p) => [p.x, p.width, p.height, p.baseline])).toEqual(given.pulses);
  });

  it("puts points where the fixture says, and finds the way back", () => {
    for (const [label, t, mv, x, y] of given.points) {
      const panel = sheet.panels.find((p) => p.label === label && p.t0 <= t && t <= p.t1)!;
      const at = toPaper(sheet, panel, t, mv);
      expect(at.x).toBeCloseTo(x, 9);
      expect(at.y).toBeCloseTo(y, 9);
      const back = fromPaper(sheet, at.x, panel.baseline)!;
      expect(back.panel.row).toBe(panel.row);
      expect(back.t).toBeCloseTo(t, 9);
    }
  });
});

it("has nothing under the calibration pulses or beside the page", () => {
  const sheet = paper({ leads: STANDARD, seconds: 10 });
  expect(fromPaper(sheet, 7, 40)).toBeNull();
  expect(fromPaper(sheet, 268, 40)).toBeNull();
});

it("makes room for tall and deep waves in fives, and no more than the paper bears", () => {
  const sheet = paper({ leads: STANDARD, seconds: 10 });
  expect(room(sheet, () => ({ up: 1, down: 0.5 }))).toEqual({ headroom: 20, footroom: 15 });
  expect(room(sheet, (panel) => ({ up: panel.lead === "V4" ? 2.41 : 1, down: 1.6 }))).toEqual({ headroom: 30, footroom: 25 });
  expect(room(sheet, () => ({ up: 12, down: 12 }))).toEqual({ headroom: 45, footroom: 45 });
});
