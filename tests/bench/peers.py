#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What OpenCV finds in a clip: features, one index over all references, ratio test, RANSAC homography.

Prints detections as `lince scan --frames` does; on standard error, last, the median of milliseconds a frame.
usage: peers.py orb|sift COLLECTION CLIP EVERY      needs python3-opencv
"""
import glob
import json
import os
import statistics
import sys
import time

import cv2
import numpy

FRAME_FEATURES, REFERENCE_FEATURES = 1500, 500
RATIO, LEAST_INLIERS, TOLERANCE = 0.8, 10, 4.0
BACKGROUND = 127  # what is transparent is shown on it
LARGEST = 480  # a reference's longer side, when its features are sought


def read_reference(path):
    """Grey pixels and the width and height of the file's picture."""
    picture = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    if picture.shape[2] == 4:
        alpha = picture[..., 3:] / 255
        picture = (picture[..., :3] * alpha + BACKGROUND * (1 - alpha)).astype(numpy.uint8)
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    height, width = grey.shape
    scale = min(1, LARGEST / max(width, height))
    return cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), (width, height), scale


def read_features(make, collection):
    """Names, sizes, points, descriptors and the descriptors' owners, of all references."""
    names, sizes, points, descriptors, owners = [], [], [], [], []
    extractor = make(REFERENCE_FEATURES)
    for path in sorted(glob.glob(os.path.join(collection, "*.png"))):
        grey, size, scale = read_reference(path)
        keypoints, described = extractor.detectAndCompute(grey, None)
        if described is not None:
            points += [((k.pt[0] + .5) / scale, (k.pt[1] + .5) / scale) for k in keypoints]  # from pixels' centres to edges
            descriptors.append(described)
            owners += [len(names)] * len(described)
        names.append(os.path.splitext(os.path.basename(path))[0])
        sizes.append(size)
    return {"names": names, "sizes": sizes, "points": numpy.float32(points), "descriptors": numpy.concatenate(descriptors),
            "owners": owners}


def keep_features(method, make, collection):
    """The same, computed once for a collection and kept beside it."""
    path = os.path.join(os.path.dirname(collection), f"{method}.npz")
    if not os.path.exists(path):
        new = f"{path}.{os.getpid()}.npz"
        numpy.savez(new, **read_features(make, collection))
        os.replace(new, path)
    return numpy.load(path)


class Peer:
    def __init__(self, method, collection):
        make = {"orb": cv2.ORB_create, "sift": cv2.SIFT_create}[method]
        self.extractor = make(FRAME_FEATURES)
        kept = keep_features(method, make, collection)
        self.ids, self.sizes, self.points, self.owners = (kept[k] for k in ("names", "sizes", "points", "owners"))
        index = {"algorithm": 1, "trees": 4} if method == "sift" else \
            {"algorithm": 6, "table_number": 12, "key_size": 20, "multi_probe_level": 1}
        self.matcher = cv2.FlannBasedMatcher(index, {"checks": 64})
        self.matcher.add([kept["descriptors"]])
        self.matcher.train()

    def find(self, grey):
        keypoints, described = self.extractor.detectAndCompute(grey, None)
        if described is None or len(described) < 4:
            return []
        votes = {}
        for pair in self.matcher.knnMatch(described, k=2):
            if len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance:
                votes.setdefault(self.owners[pair[0].trainIdx], []).append((pair[0].queryIdx, pair[0].trainIdx))
        found = (self.place(owner, pairs, keypoints) for owner, pairs in sorted(votes.items()) if len(pairs) >= LEAST_INLIERS)
        return [placement for placement in found if placement]

    def place(self, owner, pairs, keypoints):
        there = numpy.float32([keypoints[query].pt for query, _ in pairs]) + .5
        homography, inliers = cv2.findHomography(numpy.float32([self.points[train] for _, train in pairs]), there,
                                                 cv2.RANSAC, TOLERANCE)
        if homography is None or inliers.sum() < LEAST_INLIERS:
            return None
        width, height = self.sizes[owner]
        corners = numpy.float32([[(0, 0), (width, 0), (width, height), (0, height)]])
        quad = cv2.perspectiveTransform(corners, homography)[0]
        if not cv2.isContourConvex(quad) or cv2.contourArea(quad) < 100:
            return None
        return {"id": str(self.ids[owner]), "quad": [[round(float(x), 2), round(float(y), 2)] for x, y in quad],
                "confidence": int(inliers.sum())}


def main(method, collection, clip, every):
    cv2.setNumThreads(1)
    cv2.setRNGSeed(1)
    peer = Peer(method, collection)
    capture = cv2.VideoCapture(clip)
    times, number = [], 0
    while True:
        read, frame = capture.read()
        if not read:
            break
        if number % int(every) == 0:
            begun = time.thread_time()
            objects = peer.find(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))
            times.append((time.thread_time() - begun) * 1000)
            print(json.dumps({"frame": number, "objects": objects}))
        number += 1
    print(statistics.median(times) if times else 0, file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
