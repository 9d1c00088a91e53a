import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import {
  checkConversation,
  parseMessages,
  partsOf,
  questionMessages,
  type QuestionParts,
} from "../../lib/inputs/messages.ts";

Deno.test("parseMessages: a list, or an object with a list, arguments and a frame rate", () => {
  const messages = [{ role: "user", content: "Hi" }];
  assertEquals(parseMessages(messages), { messages, templateArguments: {}, fps: null });
  assertEquals(
    parseMessages({
      messages,
      template_kwargs: { tools: [] },
      video: { fps: 5, frames: [] },
      x: 1,
    }),
    { messages, templateArguments: { tools: [] }, fps: 5 },
  );
  assertEquals(parseMessages({ messages, video: null }).fps, null);
});

Deno.test("parseMessages: parts of each kind, and other keys of a message stay", () => {
  const call = { role: "assistant", content: "", tool_calls: [{ name: "f" }] };
  const parts = [
    { type: "image", image: "a.png" },
    { type: "image", path: "b.png" },
    { type: "video", video: ["0.png", "1.png"], fps: 2 },
    { type: "text", text: "Hi" },
  ];
  const { messages } = parseMessages([call, { role: "user", content: parts }]);
  assertEquals(messages[0], call);
  assertEquals(partsOf(messages[1]), [
    parts[0],
    { type: "image", image: "b.png" },
    parts[2],
    parts[3],
  ]);
  assertEquals(partsOf(messages[0]), [{ type: "text", text: "" }]);
});

Deno.test("parseMessages names the place of a mistake", () => {
  const wrong = (content: unknown, message: string) =>
    assertThrows(() => parseMessages([{ role: "user", content }]), Error, message);
  wrong([{ type: "image" }], "messages[0].content[0].image");
  wrong([{ type: "image", image: ["a.png"] }], "wanted one image a part");
  wrong([{ type: "video", video: 3 }], "a list of frames, one path each, or a video file");
  wrong([{ type: "video", video: ["a.png", null] }], "messages[0].content[0].video[1]");
  wrong([{ type: "video", video: ["a.png"], fps: "2" }], "content[0].fps");
  wrong([{ type: "video", video: "a.mp4", fps: 2, nframes: 4 }], "either fps or nframes");
  wrong([{ type: "video", video: "a.mp4", video_start: 3 }], "cut the video first");
  wrong([{ type: "image", image: "a.png", max_pixels: 0 }], "content[0].max_pixels");
  wrong([{ type: "image", image: "a.png", min_pixels: 9, max_pixels: 8 }], "at most max_pixels, 8");
  wrong([{ type: "image", image: "a.png", resized_width: 9 }], "both resized_height and");
  wrong([{ type: "audio" }], '"text", "image" (or "image_url") or "video"');
  wrong([{ type: "text", text: 3 }], "content[0].text");
  wrong(["x"], "an object with a type");
  wrong(7, "a text or a list of parts");
  assertThrows(() => parseMessages({}), Error, "a list of messages");
  assertThrows(() => parseMessages([{ content: "x" }]), Error, "messages[0].role");
  assertThrows(() => parseMessages({ messages: [], template_kwargs: 1 }), Error, "template_kwargs");
  assertThrows(() => parseMessages({ messages: [], video: { fps: "4" } }), Error, "video.fps");
});

Deno.test("parseMessages: images and videos as other programs write them", () => {
  const parts = (content: unknown) =>
    partsOf(parseMessages([{ role: "user", content }], (line) => told.push(line)).messages[0]);
  const told: string[] = [];
  const image = { type: "image", image: "a.png" };
  for (
    const form of [
      { type: "image_url", image_url: "a.png" },
      { type: "image_url", image_url: { url: "a.png", detail: "high" } },
      { type: "image", image_url: { url: "a.png" } },
      { type: "image", url: "a.png" },
      { type: "image", path: "a.png" },
      { type: "image", base64: "a.png" },
    ]
  ) assertEquals<unknown>(parts([form]), [image]);
  const sizes = { min_pixels: 10, max_pixels: 20, resized_height: 5, resized_width: 6 };
  assertEquals<unknown>(parts([{ ...image, ...sizes }]), [{ ...image, ...sizes }]);
  const video = { type: "video", video: "a.mp4" };
  assertEquals<unknown>(parts([{ type: "video_url", video_url: { url: "a.mp4" } }]), [video]);
  assertEquals<unknown>(parts([{ ...video, num_frames: 8 }]), [{ ...video, nframes: 8 }]);
  const frames = { type: "video", video: ["a.png", "b.png"] };
  assertEquals<unknown>(parts([{ ...frames, raw_fps: 4 }]), [{ ...frames, fps: 4 }]);
  assertEquals(told, []);
  parts([{ ...image, max_pixel: 3 }]);
  assertEquals(told, [
    'messages[0].content[0]."max_pixel" means nothing here and is ignored (nearest: max_pixels)',
  ]);
});

Deno.test("questionMessages: wrong kinds of argument are named", () => {
  const wrong = (parts: unknown, message: string) =>
    assertThrows(() => questionMessages(parts as QuestionParts), InputError, message);
  const question = "Q";
  wrong("Q", 'an object such as { images: ["page.png"]');
  wrong(undefined, "Cannot read the question");
  wrong({ images: "one.png", question }, "wanted a list of it: [image]");
  wrong({ images: new URL("file:///a.png"), question }, "a list of it");
  wrong({ images: { width: 1 }, question }, "wanted a list");
  wrong({ images: ["a.png", null], question }, "images[1]");
  wrong({ images: [7], question }, "images[0]");
  wrong({ image: "a.png", question }, 'it is called "images"');
  wrong({ images: ["a.png"] }, "Cannot read question");
  wrong({ question, video: {} }, "the question.video");
  wrong({ question, video: { frames: "a.png", fps: "x" } }, "the question.fps");
  wrong({ question, system: 3 }, "Cannot read system");
});

Deno.test("questionMessages: media in order, then the question, after the system's text", () => {
  const frame = { width: 1, height: 1, data: new Uint8Array(3) };
  assertEquals(
    questionMessages({ video: { frames: [frame], fps: 2 }, question: "Q", system: "S" }),
    [
      { role: "system", content: [{ type: "text", text: "S" }] },
      {
        role: "user",
        content: [{ type: "video", video: [frame], fps: 2 }, { type: "text", text: "Q" }],
      },
    ],
  );
});

Deno.test("parseMessages: a message that calls tools or only thinks needs no content", () => {
  const call = { type: "function", function: { name: "look", arguments: { at: 1 } } };
  for (
    const message of [
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "assistant", tool_calls: [call] },
      { role: "assistant", content: null, reasoning_content: "Hm." },
    ]
  ) {
    const [parsed] = parseMessages([message]).messages;
    assertEquals(parsed, message);
    assertEquals(Object.hasOwn(parsed, "content"), Object.hasOwn(message, "content"));
    assertEquals(partsOf(parsed), []);
  }
  for (const message of [{ role: "user", content: null }, { role: "assistant", tool_calls: [] }]) {
    assertThrows(() => parseMessages([message]), Error, "messages[0].content");
  }
});

Deno.test("checkConversation: only a list with messages is one", () => {
  checkConversation([{ role: "user", content: "Hello" }]);
  const wrong = (value: unknown, message: string) =>
    assertThrows(() => checkConversation(value), InputError, message);
  wrong([], "an empty conversation");
  wrong("Hello", 'the text "Hello": wanted a list of messages');
  wrong({ role: "user", content: "Hello" }, "an object: wanted a list");
  wrong(undefined, "undefined");
  wrong(Promise.resolve([]), "await it first");
  wrong(["Hello"], 'messages[0]: found the text "Hello"');
  wrong([{ content: "Hello" }], "messages[0]: found an object");
});
