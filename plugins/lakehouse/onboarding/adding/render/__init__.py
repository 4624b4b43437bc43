"""From a blueprint to the files of a business."""
