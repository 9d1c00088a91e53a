import { familySuite } from "../suites/family_suite.ts";

familySuite("qwen2_vl");
