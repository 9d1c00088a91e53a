import { familySuite } from "../suites/family_suite.ts";

familySuite("qwen2_5_vl");
